-- Purpose: the secret from which recipient keys are computed.
-- Grain:   one row: the number of secrets, 0 before the first migration has come to its end, and of two that a race made the oldest.
-- Units:   64 raw bytes each: the blocks with which HMAC-SHA256 begins its inner and its outer hash.
-- Reads:   the table recipient_secret, so only as the warehouse user.
SELECT
    count() AS secrets,
    argMin(inner_pad, (created_at, inner_pad)) AS inner_block,
    argMin(outer_pad, (created_at, inner_pad)) AS outer_block
FROM recipient_secret
