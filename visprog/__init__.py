"""Answer questions about pictures by short programs over vision tools."""
