"""The soft rules of daily prices: what is flagged although it is kept, and when a batch is refused."""

from prometheus.domain.market.quality.flags import SOFT_RULES, SoftRule, quality_flags
from prometheus.domain.market.quality.limits import batch_refusal, n_suspect

__all__ = ["SOFT_RULES", "SoftRule", "batch_refusal", "n_suspect", "quality_flags"]
