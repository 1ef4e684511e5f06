import { z } from "zod";

/** `POST /session`: the two halves of an API key. */
export const signIn = z.strictObject({ publicKey: z.string().max(200), secretKey: z.string().max(200) });

/** `GET /session`: who looks at the dashboard. */
export const sessionAnswer = z
  .strictObject({
    /** The key that the person signed in with; null where none was asked for, or nobody is signed in. */
    publicKey: z.string().nullable(),
    /** Whether the service asks for a key. */
    isKeyNeeded: z.boolean(),
    scopes: z.array(z.string()),
  })
  .meta({ id: "SessionAnswer" });

export type SignIn = z.infer<typeof signIn>;
export type SessionAnswer = z.infer<typeof sessionAnswer>;
