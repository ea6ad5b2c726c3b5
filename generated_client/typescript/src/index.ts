/** Step-Up MFA API: Client for the Step-Up MFA API that fails closed. */

export type { CallOptions } from "./call.js";
export { StepUpMfa } from "./client.js";
export {
  StepUpMfaError,
  InvalidArgumentError,
  NoAnswerError,
  NotSentError,
  UnexpectedAnswerError,
  ApiError,
  UnauthorizedError,
  FeatureGatedError,
  ForbiddenError,
  UserNotFoundError,
  RateLimitedError,
  InvalidRequestFieldsError,
  MfaNotEnabledError,
  IncorrectMfaCodeError,
  RequestTimeoutError,
  RequestTooLargeError,
  UnsupportedMediaTypeError,
} from "./errors.js";
export type * from "./models.js";
export type { StepUpMfaOptions } from "./settings.js";
