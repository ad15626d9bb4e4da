"""The generated pages: everything that is defined once in code, written out for readers and tools. `make reference` writes them, a test holds them current."""
