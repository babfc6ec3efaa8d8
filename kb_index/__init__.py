"""The retrieval library: files to articles, articles to passages, a question to hits."""
