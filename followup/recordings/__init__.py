"""What people and rules say of recordings: seals, holds, comments, clips, how long to keep."""
