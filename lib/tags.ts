/** On every resource that can have tags: whose it is. */
export const INSTALLATION_TAG = 'tanker:installation';

/** On every secret: whose token it holds. */
export const SECRET_TAG = 'tanker:secret';

/**
 * operator: the gateway's, of control functions. reader: the gateway's, for reading. provider: one provider's.
 * The roles of agents name kinds and no names: 200 providers are 200 ARNs of about 90 characters, and a role's inline
 * policies may have 10,240 together. Source: IAM, "IAM and AWS STS quotas".
 */
export type SecretKind = 'operator' | 'reader' | 'provider';
