"""Training and evaluation of the three models; imported by nothing that ships."""
