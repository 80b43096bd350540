"""What the models are worth on films of people they never saw; a module holds one question and its part of the page."""
