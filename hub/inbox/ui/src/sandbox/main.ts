import '$shared/base.css';
import './tokens.css';
import { mount } from 'svelte';
import { language } from '$shared/i18n.svelte';
import Page from './page.svelte';

language.apply();
const target = document.getElementById('app');
if (target) mount(Page, { target });
