"""A BERT fine-tuned for genres. Only `job` and what it imports know torch; serving needs onnxruntime and tokenizers."""
