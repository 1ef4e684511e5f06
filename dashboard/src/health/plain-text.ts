/** A remedy is written for the documentation, where commands stand between backticks; on the page they say nothing. */
export const plainText = (text: string): string => text.replaceAll("`", "");
