"""Parts of designs that more than one study uses."""
