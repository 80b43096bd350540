"""The networks, written from their published descriptions. Inputs are images in [0, 1], shape (B, 1, H, W)."""
