"""Vision models of the Hugging Face hub: one family a file, one backend a class."""
