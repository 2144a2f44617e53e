"""Performance reports of one monitor over a period: figures, drawings, and files made of them."""
