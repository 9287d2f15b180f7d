"""Pages a person looks at: HTML reports with charts, one visual style, no outside fonts or scripts."""
