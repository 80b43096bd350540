"""What surgeons put into hips."""
