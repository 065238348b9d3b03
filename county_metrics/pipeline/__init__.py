"""From params files to finished runs: strict parameters, keys, papermill behind an own engine, a write-once store."""
