"""What the conformance page is made of: series, strategies, three or four who run them, and the comparison."""
