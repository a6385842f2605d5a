import { learn } from '../messages';

await learn('en');
