"""Meshes, rays and the rasteriser."""
