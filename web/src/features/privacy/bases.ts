/** The legal bases that the form offers; the same as the server takes. */
export const BASES = ['consent', 'legitimate_interest', 'legal_obligation', 'other'] as const;
