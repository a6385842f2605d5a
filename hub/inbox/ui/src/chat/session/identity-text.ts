import { m } from '$messages';
import type { IdentityProblem } from '../conversation/visitor-events';

const TEXTS: Record<IdentityProblem, () => string> = {
  identity_required: () => m.chat_identity_required(),
  identity_invalid: () => m.chat_identity_invalid(),
  identity_expired: () => m.chat_identity_expired(),
};

export function identityText(problem: IdentityProblem): string {
  return TEXTS[problem]();
}
