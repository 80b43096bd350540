"""What lies in, on and under a patient that is neither bone nor implant."""
