"""What a patient's words mean: pure, from recognised text to an answer or a wish."""
