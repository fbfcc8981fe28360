-- Answers that are secrets of a person are taken out an hour after they came: this finds them.
CREATE INDEX command_sealed_answer ON command (answered_at) WHERE result ? 'sealed';
