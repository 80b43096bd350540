"""Simulated radiographs of hips and pelves with exact truth."""
