"""Takes anything an integrator posts as a contact."""
