import { useTranslation } from 'react-i18next';

/**
 * What the server says of a camera, sentence by sentence as its source has them (%d, %s: what is filled in there), and the key
 * of the text that says it in the language of the page. A sentence that is not here is shown as it came.
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
  'the file breaks off: %.1f of %.1f seconds are there': 'damaged',
  'the video codec %s is not one of H.264, H.265, MJPEG, MPEG-4': 'codec',
  'reading failed': 'reading',
  'no picture within %d seconds': 'noPictureInTime',
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
  'the capture process tried something it may not do': 'crashed',
  'the capture process was killed': 'crashed',
  'the capture process crashed': 'crashed',
  'the capture process failed': 'crashed',
  'the capture process ended': 'crashed',
  'No worker watches this camera at the moment': 'noWorker',
} as const;

type Sentence = keyof typeof REASONS;

/** The sentence as a pattern: at the end, after nothing or after the address it is about. */
const patternOf = (sentence: string): RegExp =>
  new RegExp(`(?:^|: )${sentence.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/%(?:\\\.\d)?[dfs]/g, '.+')}$`);
const patterns = (Object.keys(REASONS) as Sentence[]).map((sentence) => ({ sentence, pattern: patternOf(sentence) }));

/** The sentence in what the server said, which may begin with the address it is about. */
export function reasonOf(text: string): Sentence | null {
  return patterns.find(({ pattern }) => pattern.test(text))?.sentence ?? null;
}

/** What the server said of a camera, in the language of the page where that is known. */
export function useReasonText(): (text: string) => string {
  const { t } = useTranslation();
  return (text) => {
    const sentence = reasonOf(text);
    return sentence === null ? text : t(`reasons.${REASONS[sentence]}`);
  };
}
