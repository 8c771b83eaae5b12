-- Purpose: the secret from which recipient keys are computed.
-- Grain:   one row, or none before the first migration has come to its end; of two that a race has made the oldest.
-- Units:   64 raw bytes each: the blocks with which HMAC-SHA256 begins its inner and its outer hash.
-- Reads:   the table recipient_secret, so only as the warehouse user.
SELECT inner_pad, outer_pad
FROM recipient_secret
ORDER BY created_at, inner_pad
LIMIT 1
