"""Small trainings side by side that settle a choice: everything equal but the one thing in question."""
