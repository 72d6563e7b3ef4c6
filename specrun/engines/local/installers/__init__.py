"""What pip and uv say: while they work, and when they fail. Pure: lines go in, words for people come out."""
