"""Published estimates beside ours."""
