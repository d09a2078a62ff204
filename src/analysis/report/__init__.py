"""How results look: tables, figures, PDF and HTML. Computes nothing."""
