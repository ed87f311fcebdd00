/** The way about: groups of places. */
import { Link, useLocation } from 'wouter';
import { groups, type Place } from './places.ts';
import { useMayWrite, useUser } from './session.tsx';

function isAt(location: string, path: string): boolean {
  return location === path || location.startsWith(`${path}/`) || (path === '/live' && location === '/');
}

export function Nav({ onGo }: { readonly onGo?: () => void }) {
  const [location] = useLocation();
  const admin = useUser().role === 'admin';
  const writes = useMayWrite();
  const shows = (place: Place) => (place.admin !== true || admin) && (place.writers !== true || writes);
  return (
    <nav className="nav" aria-label="Main">
      {groups.map(({ title, places }) => (
        <div key={title} className="nav-group">
          <h2 className="nav-title">{title}</h2>
          <ul>
            {places.filter(shows).map(({ path, title: name, icon: Icon }) => (
              <li key={path}>
                <Link
                  href={path}
                  className={isAt(location, path) ? 'nav-link here' : 'nav-link'}
                  aria-current={isAt(location, path) ? 'page' : undefined}
                  {...(onGo === undefined ? {} : { onClick: onGo })}
                >
                  <Icon size={16} strokeWidth={1.8} aria-hidden />
                  {name}
                </Link>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}
