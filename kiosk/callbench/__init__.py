"""The bench of calls: a bad line between two network namespaces, two ends on it, figures and judgement."""
