import { useTranslation } from 'react-i18next';

/**
 * What the server says of a camera, sentence by sentence as its source has them, and the key of the text that says it in
 * the language of the page. A sentence that is not here is shown as it came.
 */
export const REASONS = {
  'wrong user name or password': 'unauthorised',
  'there is no such webcam': 'noWebcam',
  'the server answers but has no stream at this address': 'noStream',
  'the camera does not offer this transport': 'transport',
  'no answer in time': 'timeout',
  'the host cannot be reached': 'unreachable',
  'the test pattern is not understood': 'pattern',
  'not a video: no known container format in it': 'notVideo',
  'the file is damaged or breaks off': 'damaged',
  'the other side ended the stream': 'closed',
  'the file has its index at its end and cannot be read as a stream: write it with the index first (faststart), or copy it to the server and show it as a file':
    'indexLast',
  'there is no video in it': 'noVideo',
  'what arrives does not decode to pictures': 'garbage',
  'it ended before a picture came': 'noPicture',
  'the camera repeats the same picture': 'frozen',
  'the picture is black: covered or dark': 'black',
  'the recording is over': 'over',
  'there is no such file': 'noFile',
  'not a file': 'notFile',
  'this machine itself is not a camera; capture.allow_loopback permits it': 'thisMachine',
  'link-local addresses are not cameras': 'linkLocal',
  'the capture process was killed': 'crashed',
  'the capture process crashed': 'crashed',
  'the capture process failed': 'crashed',
  'the capture process ended': 'crashed',
  'No worker watches this camera at the moment': 'noWorker',
} as const;

type Sentence = keyof typeof REASONS;
const sentences = Object.keys(REASONS) as Sentence[];

/** The sentence in what the server said, which may begin with the address it is about. */
export function reasonOf(text: string): Sentence | null {
  return sentences.find((sentence) => text === sentence || text.endsWith(`: ${sentence}`)) ?? null;
}

/** What the server said of a camera, in the language of the page where that is known. */
export function useReasonText(): (text: string) => string {
  const { t } = useTranslation();
  return (text) => {
    const sentence = reasonOf(text);
    return sentence === null ? text : t(`reasons.${REASONS[sentence]}`);
  };
}
