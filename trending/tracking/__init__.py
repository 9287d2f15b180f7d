"""What a training run tells an experiment tracker, and how Weights & Biases is told. Which stack has a tracker is the pipelines' business."""
