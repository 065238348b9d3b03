"""The report: a static site from the kept outputs of runs, in English and Chinese, complete without network or script."""
