"""Speech to text: recognisers behind one protocol, and the ear that ends an utterance."""
