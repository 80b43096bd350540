"""How a person lies before the camera, and what can be read off the film."""
