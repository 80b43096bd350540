"""Body parts other than the hip, from simple solids."""
