"""General statistics on plain arrays: fits, held-out predictions, resampling, agreement of rankings."""
