-- Whether a cycle was applied. The row of a failed one has the same uuid but says the contrary.
--   $1 cycle_uuid
SELECT cycle_id
FROM rollcall.cycle
WHERE cycle_uuid = $1::uuid AND outcome <> 'failed';
