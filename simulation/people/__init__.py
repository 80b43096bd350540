"""People: bones, habitus and what lies round them."""
