"""The pages of an evaluation: Markdown, and HTML that stands alone, without a script."""
