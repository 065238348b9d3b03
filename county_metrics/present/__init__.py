"""What a reader sees: numbers, words, tables and plots from plain rows and labels, in two languages."""
