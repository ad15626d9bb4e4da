"""Who signs in, and everything an administrator sets up."""
