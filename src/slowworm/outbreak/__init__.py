"""The outbreak as a whole: from verdicts on hosts to one incident per worm."""
