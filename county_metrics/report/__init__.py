"""The report: a static site from the kept outputs of runs, in two languages, complete without network or script."""
