"""The tokens of connectors that sign in by OAuth: kept sealed, renewed, and consented to anew."""
