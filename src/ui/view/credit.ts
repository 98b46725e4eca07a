/** What credit is, for a person who sees a number of it. */
export const CREDIT = 'Credit is verified work: one for each item computed, and one for each round of a loop in it.'
