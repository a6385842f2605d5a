import '$shared/base.css';
import { language } from '$shared/i18n.svelte';
import { mount } from 'svelte';
import Inbox from './inbox.svelte';

language.apply();
const target = document.getElementById('app');
if (!target) throw new Error('the page has no #app');
mount(Inbox, { target });
